import type { AbstractHttpAdapter } from '@nestjs/core';
import type { RequestSource } from '../audit/audit-event';
import type { SessionTermination } from '../logout/session-terminator';
import type { VerifiedToken } from '../tokens/verification/token-verifier';
import type { Answer, LogoutAnswers } from '../web/answers';
import type { PlatformRequest } from '../web/request';
import { send } from './send';

/** What a successful logout does beside the revocation: sessions, cookies, the browser's data. */
export class LogoutEffects {
  constructor(
    private readonly sessions: SessionTermination,
    private readonly answers: LogoutAnswers,
    /** `Set-Cookie` values. */
    private readonly expiredCookies: readonly string[],
    /** Directives of `Clear-Site-Data`; none sends no header. */
    private readonly clearSiteData: readonly string[],
  ) {}

  /** Ends the session, and returns the answer that makes the browser forget. */
  async apply(
    request: PlatformRequest,
    token: VerifiedToken,
    source: RequestSource,
  ): Promise<Answer> {
    await this.sessions.run(request, token, source);
    return this.answers.answer('LOGGED_OUT', this.clearingHeader(request));
  }

  /** Ends what belongs to the request, and answers it. */
  async finish(
    adapter: AbstractHttpAdapter,
    { request, response }: { readonly request: PlatformRequest; readonly response: object },
    token: VerifiedToken,
    source: RequestSource,
  ): Promise<void> {
    const answer = await this.apply(request, token, source);
    for (const cookie of this.expiredCookies)
      // Added one by one: other cookies of the answer stay.
      adapter.appendHeader(response, 'Set-Cookie', cookie);
    send(adapter, response, answer);
  }

  private clearingHeader(request: PlatformRequest): Record<string, string> {
    // Browsers ignore it over plain http (W3C Clear Site Data §3.1).
    if (this.clearSiteData.length === 0 || request.protocol !== 'https') return {};
    return { 'Clear-Site-Data': this.clearSiteData.map((data) => `"${data}"`).join(', ') };
  }
}
