import { isSubject } from '../tokens/verification/claims';

/** What a login says of itself. */
interface LoginForm {
  readonly device?: unknown;
  readonly clientId?: unknown;
}

const MAX_DEVICE_LENGTH = 100;

/** What clients call a device may be anything. */
export function deviceIn(text: string | undefined): string | undefined {
  const clean = text
    ?.toWellFormed()
    .replaceAll(/\p{C}+/gu, ' ')
    .trim();
  return clean === undefined || clean === ''
    ? undefined
    : Array.from(clean).slice(0, MAX_DEVICE_LENGTH).join('');
}

/** @throws {TypeError} it is not of its form. */
export function checkOpen(subject: unknown, { device, clientId }: LoginForm): void {
  if (typeof subject !== 'string' || !isSubject(subject))
    throw new TypeError(
      'nestjs-logout: the subject of a session must be text of 1–255 characters, without control ' +
        'characters. Write String(user.id) for a number.',
    );
  if (clientId !== undefined && !(typeof clientId === 'string' && isSubject(clientId)))
    throw new TypeError('nestjs-logout: "clientId" must be text of 1–255 characters.');
  if (device !== undefined && typeof device !== 'string')
    throw new TypeError('nestjs-logout: "device" must be text.');
}
