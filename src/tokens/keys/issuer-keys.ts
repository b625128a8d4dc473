import type { KeySet } from './key-set';

/**
 * What gets a final verdict, because its sender does not send it again: a logout token of an identity
 * provider, or a token that a client hands in to be revoked.
 */
export type FinalVerdictOn = 'logout' | 'revocation';

/** What verifies the tokens of one issuer, now. */
export interface IssuerKeys {
  /** Another object where a key was added or has gone; `undefined`: the keys are not known. */
  readonly current: KeySet | undefined;
  /**
   * What to wait for where no key that is there has signed a token: its issuer may have new ones.
   * Resolves within a second; then `current` is looked at again. Never rejects.
   * @returns `undefined`: nothing new is to be expected.
   */
  refetch(): Promise<void> | undefined;
  /**
   * Whether the keys that are there, once it has resolved, are those of now: its issuer has answered
   * with them since the question. Resolves within five seconds. Never rejects.
   * @param token what the question is about: each has a number of fetches of its own.
   */
  isCurrent(token: FinalVerdictOn): Promise<boolean>;
  /** Whether a key that is not there is no key of the issuer: others cannot know it before us. */
  readonly areFixed: boolean;
}

/** Keys that are configured, and never change. */
export const fixedKeys = (keys: KeySet): IssuerKeys => ({
  current: keys,
  areFixed: true,
  refetch: () => undefined,
  isCurrent: () => Promise.resolve(true),
});
