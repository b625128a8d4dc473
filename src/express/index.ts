/** `nestjs-logout/express`: the same logout for plain Express 4 and 5, without Nest. */
export * from '../plain/public-names';
export { createRevocation } from './create-revocation';
export type { ExpressRevocation } from './express-revocation';
export type { ExpressHandler, ExpressRequest, ExpressResponse } from './http-types';
