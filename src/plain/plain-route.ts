import type { Readable } from 'node:stream';
import type { AdmittedRequest } from '../web/admitted-request';
import type { Answer, BareAnswer, EmptyAnswer, LogoutAnswers } from '../web/answers';
import type { Gate } from '../web/gate';
import { withOAuthError } from '../web/oauth-errors';
import type { IncomingRequest } from '../web/request';
import type { Route } from '../web/route';
import type { Reply } from './answers';

type AnyAnswer = Answer | BareAnswer | EmptyAnswer;

interface Parts {
  readonly route: Route;
  readonly gate: Gate;
  readonly answers: LogoutAnswers;
}

/** What a route does with a request that its gate has let in. */
type Work = (admitted: AdmittedRequest, request: IncomingRequest) => Promise<AnyAnswer>;

/** A route of OAuth 2.0 without Nest: behind the gate of `AuthModule`, and with its answers. */
export class PlainRoute {
  constructor(
    private readonly parts: Parts,
    private readonly work: Work,
  ) {}

  /**
   * Reads the request, whatever parser of the host's has been here. Done once for each request.
   * Never rejects.
   * @returns the reply where it is refused; `undefined`: the client has disconnected.
   */
  async admit(
    request: IncomingRequest,
    stream: Readable,
  ): Promise<AdmittedRequest | Reply | undefined> {
    try {
      const { gate, route } = this.parts;
      const outcome = await gate.admit(request, route, stream);
      if (outcome === 'aborted') return undefined;
      return 'route' in outcome ? outcome : replyOf(outcome);
    } catch (error) {
      return this.fail(error);
    }
  }

  /** Admits the request and does the work. Never rejects. `undefined`: the client has disconnected. */
  async run(request: IncomingRequest, stream: Readable): Promise<Reply | undefined> {
    const admitted = await this.admit(request, stream);
    if (admitted === undefined || 'answer' in admitted) return admitted;
    try {
      return replyOf(withOAuthError(this.parts.route, await this.work(admitted, request)));
    } catch (error) {
      return this.fail(error);
    }
  }

  private fail(error: unknown): Reply {
    const { answers, route } = this.parts;
    return replyOf(withOAuthError(route, answers.answerError(error)));
  }
}

function replyOf(answer: AnyAnswer): Reply {
  const { status, headers } = answer;
  if ('body' in answer) return { answer: { status, text: JSON.stringify(answer.body) }, headers };
  return { answer: { status, text: 'text' in answer ? answer.text : '' }, headers };
}
