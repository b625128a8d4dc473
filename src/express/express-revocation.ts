import { mapMaybe } from '../tokens/maybe-promise';
import { headersOf, type Reply } from '../plain/answers';
import { PlainRevocation } from '../plain/plain-revocation';
import type { PlainRoute } from '../plain/plain-route';
import type { ExpressHandler, ExpressResponse } from './http-types';

/**
 * What `createRevocation` of `nestjs-logout/express` returns. The handlers need no `this`: they may
 * be taken apart.
 */
export class ExpressRevocation extends PlainRevocation {
  /**
   * Revokes the token that the JSON body names as `token`; where it names none, the one in a cookie
   * of `tokenSources`, if a page of the host's own sent it. `loggedOut` is sent once that is
   * committed; `logoutRefused` for whatever is no live token or no readable body of at most
   * `maxTokenBytes` + 8 KB, `tooManyRequests` instead where the address has sent more than
   * `throttleLimit`; `unavailable` when the store fails: repeating is safe. Reads the body itself
   * where no parser of the host's has. A client that has gone away is not answered.
   */
  readonly logout: ExpressHandler = (request, response) => {
    void this.logOut(request, this.readBody(request, request)).then((reply) => {
      if (reply !== undefined) send(response, reply);
    });
  };

  /**
   * Lets requests with a live bearer token pass, with its claims in `request.user`; answers all
   * others: `notAuthenticated` with a challenge (RFC 6750 §3), `unavailable` when the store fails.
   */
  readonly verifyToken: ExpressHandler = (request, response, next) => {
    void mapMaybe(this.verify(request), (verified) => {
      if ('answer' in verified) {
        send(response, verified);
      } else {
        request.user = verified.user;
        next();
      }
    });
  };

  /**
   * Takes revoked tokens away from requests, so that guards of the host's own refuse them as they
   * refuse requests without a token; lets all requests pass, but for `unavailable` where a genuine
   * token cannot be checked. First of all: `app.use(enforce)`.
   */
  readonly enforce: ExpressHandler = (request, response, next) => {
    void mapMaybe(this.takeRevokedAway(request), (outcome) => {
      if (outcome === 'pass') next();
      else send(response, outcome);
    });
  };

  /**
   * `app.get('/jwks', jwks)`: the public keys of `sessions.signingKeys`, by which others verify our
   * access tokens (RFC 7517 §5).
   * @throws {TypeError} once it is taken: all of `signingKeys` are secrets, or there are none.
   */
  get jwks(): ExpressHandler {
    const replyTo = this.publishedKeys();
    return (request, response) => {
      send(response, replyTo(request.headers));
    };
  }

  /**
   * `app.post('/introspect', introspect)`: tells the resource servers of `introspectionCallers` what a
   * token is worth now (RFC 7662). Reads the form itself where no parser of the host's has. The
   * answers are those of `AuthModule`.
   * @throws {TypeError} once it is taken: there are no `introspectionCallers`.
   */
  get introspect(): ExpressHandler {
    return handlerOf(this.oauth.introspect);
  }

  /**
   * `app.post('/backchannel-logout', backchannelLogout)`: takes the logouts of identity providers
   * (OpenID Connect Back-Channel Logout 1.0 §2.5). Reads the form itself where no parser of the
   * host's has. The answers are those of `AuthModule`.
   * @throws {TypeError} once it is taken: no issuer has the option `backchannel`.
   */
  get backchannelLogout(): ExpressHandler {
    return handlerOf(this.oauth.backchannelLogout);
  }
}

function handlerOf(route: PlainRoute): ExpressHandler {
  return (request, response) => {
    void route.run(request, request).then((reply) => {
      if (reply !== undefined) send(response, reply);
    });
  };
}

/** Sends the whole reply. Does nothing if the host has answered already, e.g. after a timeout. */
function send(response: ExpressResponse, reply: Reply): void {
  if (response.headersSent) return;
  response.statusCode = reply.answer.status;
  const headers = headersOf(reply, (name) => response.getHeader(name));
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(reply.answer.text);
}
