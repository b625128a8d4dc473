import { Module } from '@nestjs/common';
import { PassportModule } from '@nestjs/passport';
import { CognitoStrategy } from './cognito.strategy';
import { KeycloakStrategy } from './keycloak.strategy';

@Module({
  imports: [PassportModule],
  providers: [CognitoStrategy, KeycloakStrategy],
})
export class AuthModule {}
