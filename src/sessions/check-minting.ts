import { misconfigured } from '../options/misconfiguration';
import type { TokenVerifier } from '../tokens/verification/token-verifier';
import type { SessionSettings } from './session-settings';

/** @throws {TypeError} the verifier refuses what is minted. */
export function checkMinting(
  { options, accessTokens, clientId }: SessionSettings,
  verifier: TokenVerifier,
  now: number,
): void {
  const at = new Date(now);
  const end = new Date(now + options.absoluteSeconds * 1000);
  const instants = { openedAt: at, rotatedAt: at, idleExpiresAt: end, expiresAt: end };
  const { issuer } = options;
  const session = {
    sid: 'x'.repeat(22),
    issuer,
    subject: 'x',
    clientId,
    generation: 0,
    ...instants,
  };
  const verification = verifier.verify(accessTokens.mint(session, at).text);
  if (verification.verdict === 'live') return;
  const got = verification.verdict === 'refused' ? verification.cause : verification.verdict;
  const advice = 'Give sessions fewer and shorter names, or raise maxTokenBytes.';
  throw misconfigured('sessions', 'such that its tokens are accepted', `refused: ${got}`, advice);
}
