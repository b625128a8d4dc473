import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

export const partnerSecret = process.env.PARTNER_SECRET ?? '';

/** The host's own strategy, under the name `jwt` that Passport gives it. */
@Injectable()
export class PartnerStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: partnerSecret,
    });
  }

  validate({ partner }: { partner: string }): { partner: string } {
    return { partner };
  }
}
