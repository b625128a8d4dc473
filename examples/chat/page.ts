/** The page: plain HTML, with the client that socket.io serves. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Chat</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem; }
  label { display: block; margin: .75rem 0; }
  input { font: inherit; padding: .4rem .6rem; width: 16rem; }
  label input { display: block; }
  button { font: inherit; padding: .4rem .9rem; }
  #messages { list-style: none; padding: 0; min-height: 8rem; border-bottom: 1px solid #ccc; }
  #state { min-height: 1.5em; color: #186a3b; }
  #state.over { color: #a32020; }
</style>

<h1>Chat</h1>
<p id="state" role="status"></p>

<form id="login">
  <label>Name <input name="name" autocomplete="username" required></label>
  <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
  <button>Log in</button>
</form>

<section id="chat" hidden>
  <ul id="messages"></ul>
  <form id="say"><input name="text" aria-label="Message" autocomplete="off" required> <button>Say</button></form>
  <p><button id="logout">Log out</button></p>
</section>

<script src="/socket.io/socket.io.js"></script>
<script type="module">
  const byId = (id) => document.getElementById(id);
  const show = (isIn) => { byId('login').hidden = isIn; byId('chat').hidden = !isIn; };
  const tell = (text, isOver) => {
    byId('state').textContent = text;
    byId('state').classList.toggle('over', isOver);
  };
  const post = (path, body, token) => fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: 'Bearer ' + token }) },
    body: JSON.stringify(body),
  });

  byId('login').onsubmit = async (event) => {
    event.preventDefault();
    const answer = await post('/login', Object.fromEntries(new FormData(byId('login'))));
    if (!answer.ok) return tell('Wrong name or password.', true);
    enter((await answer.json()).token);
  };

  function enter(token) {
    const socket = io({ auth: { token } });
    socket.on('connect', () => { show(true); tell('You are connected.', false); });
    socket.on('disconnect', (reason) => tell('Disconnected: ' + reason + '.', true));
    socket.on('connect_error', () => { show(false); tell('Log in again.', true); });
    socket.on('said', ({ name, text }) => {
      const line = document.createElement('li');
      line.textContent = name + ': ' + text;
      byId('messages').append(line);
    });
    byId('say').onsubmit = (event) => {
      event.preventDefault();
      socket.emit('say', byId('say').elements.text.value);
      byId('say').reset();
    };
    byId('logout').onclick = () => post('/api/v1/auth/logout', { token }, token);
  }
</script>
</html>
`;
