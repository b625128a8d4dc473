/** The page: plain HTML, without a framework and without a build. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Your devices</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
  label { display: block; margin: .75rem 0; }
  input { display: block; font: inherit; padding: .4rem .6rem; width: 16rem; }
  button { font: inherit; padding: .4rem .9rem; white-space: nowrap; }
  table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
  th, td { text-align: left; padding: .6rem .5rem; border-bottom: 1px solid #ccc; }
  td:last-child { text-align: right; }
  .here { color: #186a3b; }
  #message { min-height: 1.5em; color: #a32020; }
</style>

<h1>Your devices</h1>
<p id="message" role="status"></p>

<form id="login" hidden>
  <label>Name <input name="name" autocomplete="username" required></label>
  <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
  <label>This device is called <input name="device" maxlength="100" required></label>
  <button>Log in</button>
</form>

<section id="devices" hidden>
  <table>
    <thead><tr><th>Device</th><th>Signed in</th><th>Last seen</th><th></th></tr></thead>
    <tbody></tbody>
  </table>
  <button id="others">Sign out all others</button>
</section>

<script type="module">
  import { keepSession, logout, onLogout } from '/client/index.mjs';

  const API = '/api/v1/auth';
  const byId = (id) => document.getElementById(id);
  const session = keepSession({ refreshUrl: API + '/refresh' });

  const say = (text) => { byId('message').textContent = text; };
  const show = (id) => {
    for (const each of ['login', 'devices']) byId(each).hidden = each !== id;
  };

  const timeOf = (instant) =>
    new Date(instant).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });

  async function showDevices() {
    const answer = await session.fetch(API + '/sessions');
    if (!answer.ok) return show('login');
    const { sessions } = await answer.json();
    byId('devices').querySelector('tbody').replaceChildren(...sessions.map(rowOf));
    byId('others').hidden = sessions.length < 2;
    show('devices');
  }

  function rowOf({ id, device, current, openedAt, lastSeenAt }) {
    const row = document.createElement('tr');
    const cells = [device, timeOf(openedAt), timeOf(lastSeenAt)];
    for (const text of cells) row.insertCell().textContent = text;
    if (current) {
      row.cells[0].append(' (this device)');
      row.className = 'here';
    }
    const button = document.createElement('button');
    button.textContent = 'Sign out';
    button.onclick = () => current ? signOut() : end(id);
    row.insertCell().append(button);
    return row;
  }

  async function signOut() {
    const token = await session.accessToken();
    const outcome = await logout({ url: API + '/logout', token });
    session.close();
    say(outcome === 'unknown' ? 'The server did not answer. Try again.' : 'You are signed out.');
    show('login');
  }

  async function end(id) {
    await session.fetch(API + '/sessions/' + id, { method: 'DELETE' });
    await showDevices();
  }

  byId('others').onclick = async () => {
    await session.fetch(API + '/logout/others', { method: 'POST' });
    await showDevices();
  };

  byId('login').onsubmit = async (event) => {
    event.preventDefault();
    const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch('/login', { method: 'POST', headers, body });
    if (!answer.ok) return say('The name or the password is wrong.');
    session.begin(await answer.json());
    say('');
    await showDevices();
  };

  onLogout(() => { say('You signed out in another tab.'); show('login'); });
  await showDevices();
</script>
`;
