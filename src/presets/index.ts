/** `nestjs-logout/issuers`: the options of an issuer, filled from a domain or an id. */
export { auth0 } from './auth0';
export type { Auth0Options } from './auth0';
export { cognito } from './cognito';
export type { CognitoOptions } from './cognito';
export { entra, entraV1 } from './entra';
export type { EntraOptions } from './entra';
export { firebase } from './firebase';
export type { FirebaseOptions } from './firebase';
export { google } from './google';
export type { GoogleOptions } from './google';
export { keycloak } from './keycloak';
export type { KeycloakOptions } from './keycloak';
export { okta } from './okta';
export type { OktaOptions } from './okta';
export { supabase } from './supabase';
export type { SupabaseOptions } from './supabase';
export type { NamedIssuer } from '../tokens/verification/token-rules';
