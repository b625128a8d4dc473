import { IsString, validateSync } from 'class-validator';

/** The body of the logout request. Unknown properties are ignored. */
export class LogoutDto {
  /** The token to revoke: the bearer itself, or another of the same issuer and subject. */
  @IsString()
  readonly token: unknown;

  constructor(body: object) {
    this.token = 'token' in body ? body.token : undefined;
  }
}

/** The token that a parsed body names; `undefined` where it names none, whatever else it is. */
export function namedToken(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const dto = new LogoutDto(body);
  return validateSync(dto).length === 0 ? String(dto.token) : undefined;
}
