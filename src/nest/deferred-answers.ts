import type { Answer } from '../web/answers';
import { rawRequest, type IncomingRequest } from '../web/request';

/**
 * Answers of enforcement that are sent at the gate, which stands behind the host's CORS: only with
 * its headers can a web page of another origin read them.
 */
export class DeferredAnswers {
  private readonly answers = new WeakMap<object, Answer>();

  defer(request: IncomingRequest, answer: Answer): void {
    this.answers.set(rawRequest(request), answer);
  }

  of(request: IncomingRequest): Answer | undefined {
    return this.answers.get(rawRequest(request));
  }
}
