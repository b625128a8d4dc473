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

/**
 * The token that a parsed body names: `undefined` where there is no body, or none in it, and
 * `null` where something stands in its place that is no text.
 */
export function namedToken(body: unknown): string | null | undefined {
  if (body === undefined) return undefined;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return null;
  const dto = new LogoutDto(body);
  if (dto.token === undefined) return undefined;
  return validateSync(dto).length === 0 && typeof dto.token === 'string' ? dto.token : null;
}
