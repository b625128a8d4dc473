import { mapMaybe } from '../tokens/maybe-promise';
import { headersOf, type Reply } from '../plain/answers';
import { PlainRevocation } from '../plain/plain-revocation';
import { forgetBody, type Body } from '../web/body';
import type { PlainRoute } from '../plain/plain-route';
import type { FastifyHook, FastifyReply, FastifyRequest, FastifyRoute } from './http-types';

/**
 * What `createRevocation` of `nestjs-logout/fastify` returns. Route and hooks need no `this`: they
 * may be taken apart.
 */
export class FastifyRevocation extends PlainRevocation {
  private readonly bodies = new WeakMap<object, Promise<Body>>();

  /**
   * `app.post('/logout', logout)`. Revokes the token that the JSON body names as `token`; where it
   * names none, the one in a cookie of `tokenSources`, if a page of the host's own sent it.
   * `loggedOut` is sent once that is committed; `logoutRefused` for whatever is no live token or no
   * readable body of at most `maxTokenBytes` + 8 KB, `tooManyRequests` instead where the address has
   * sent more than `throttleLimit`; `unavailable` when the store fails: repeating is safe. It reads
   * the body itself, ahead of Fastify's parsers. A client that has gone away is not answered.
   */
  readonly logout: FastifyRoute = {
    preParsing: (request, _reply, payload, done) => {
      this.bodies.set(request, this.readBody(request, payload));
      forgetBody(request.raw);
      done();
    },
    handler: (request, reply) => {
      const body = this.bodies.get(request) ?? this.readBody(request, request.raw);
      void this.logOut(request, body).then((outcome) => {
        if (outcome !== undefined) send(reply, outcome);
      });
    },
  };

  /**
   * `{ onRequest: verifyToken }` in the options of a route. Lets requests with a live bearer token
   * pass, with its claims in `request.user`; answers all others: `notAuthenticated` with a challenge
   * (RFC 6750 §3), `unavailable` when the store fails.
   */
  readonly verifyToken: FastifyHook = (request, reply, done) => {
    void mapMaybe(this.verify(request), (verified) => {
      if ('answer' in verified) {
        send(reply, verified);
      } else {
        request.user = verified.user;
        done();
      }
    });
  };

  /**
   * Takes revoked tokens away from requests, so that guards of the host's own refuse them as they
   * refuse requests without a token; lets all requests pass, but for `unavailable` where a genuine
   * token cannot be checked. First of all: `app.addHook('onRequest', enforce)`.
   */
  readonly enforce: FastifyHook = (request, reply, done) => {
    void mapMaybe(this.takeRevokedAway(request), (outcome) => {
      if (outcome === 'pass') done();
      else send(reply, outcome);
    });
  };

  /**
   * `app.get('/jwks', jwks)`: the public keys of `sessions.signingKeys`, by which others verify our
   * access tokens (RFC 7517 §5).
   * @throws {TypeError} once it is taken: all of `signingKeys` are secrets, or there are none.
   */
  get jwks(): (request: FastifyRequest, reply: FastifyReply) => void {
    const replyTo = this.publishedKeys();
    return (request, reply) => {
      send(reply, replyTo(request.headers));
    };
  }

  /**
   * `app.post('/introspect', introspect)`: tells the resource servers of `introspectionCallers` what a
   * token is worth now (RFC 7662). It reads the form itself, ahead of Fastify's parsers. The answers
   * are those of `AuthModule`.
   * @throws {TypeError} once it is taken: there are no `introspectionCallers`.
   */
  get introspect(): FastifyRoute {
    return fastifyRoute(this.oauth.introspect);
  }

  /**
   * `app.post('/backchannel-logout', backchannelLogout)`: takes the logouts of identity providers
   * (OpenID Connect Back-Channel Logout 1.0 §2.5). It reads the form itself, ahead of Fastify's
   * parsers. The answers are those of `AuthModule`.
   * @throws {TypeError} once it is taken: no issuer has the option `backchannel`.
   */
  get backchannelLogout(): FastifyRoute {
    return fastifyRoute(this.oauth.backchannelLogout);
  }
}

/** The body is read before the parsers; hooks of the host's that come after these still run. */
function fastifyRoute(route: PlainRoute): FastifyRoute {
  return {
    preParsing: (request, reply, payload, done) => {
      void route.admit(request, payload).then((outcome) => {
        if (outcome === undefined) return;
        if ('answer' in outcome) {
          send(reply, outcome);
        } else {
          forgetBody(request.raw);
          done();
        }
      });
    },
    handler: (request, reply) => {
      void route.run(request, request.raw).then((outcome) => {
        if (outcome !== undefined) send(reply, outcome);
      });
    },
  };
}

/** Sends the whole reply. Does nothing if the host has answered already, e.g. after a timeout. */
function send(reply: FastifyReply, outcome: Reply): void {
  if (reply.sent) return;
  reply.code(outcome.answer.status);
  reply.headers(headersOf(outcome, (name) => reply.getHeader(name)));
  // Fastify would give an empty text a media type.
  reply.send(outcome.answer.text === '' ? undefined : outcome.answer.text);
}
