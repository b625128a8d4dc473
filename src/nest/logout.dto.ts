import { IsOptional, IsString, validateSync } from 'class-validator';

/** The body of the logout request. Unknown properties are ignored. */
export class LogoutDto {
  /** The token to revoke: the bearer itself, or another of the same issuer and subject. */
  @IsOptional()
  @IsString()
  readonly token: unknown;

  /** The refresh token to revoke with it. */
  @IsOptional()
  @IsString()
  readonly refreshToken: unknown;

  constructor(body: object) {
    this.token = 'token' in body ? body.token : undefined;
    this.refreshToken = 'refreshToken' in body ? body.refreshToken : undefined;
  }
}

/** What a body names: `undefined` where it names none; `null` where that is no text. */
export interface NamedTokens {
  readonly token: string | null | undefined;
  readonly refreshToken: string | null | undefined;
}

/** The tokens that a parsed body names; a body that is no object names something that is no text. */
export function namedTokens(body: unknown): NamedTokens {
  if (body === undefined) return { token: undefined, refreshToken: undefined };
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { token: null, refreshToken: undefined };
  const dto = new LogoutDto(body);
  const faulty = validateSync(dto).map(({ property }) => property);
  const named = (name: 'token' | 'refreshToken'): string | null | undefined => {
    const value = dto[name];
    if (value === undefined) return undefined;
    return typeof value === 'string' && !faulty.includes(name) ? value : null;
  };
  return { token: named('token'), refreshToken: named('refreshToken') };
}
