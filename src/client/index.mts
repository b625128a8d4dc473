export { logout, onLogout } from './logout.mjs';
export type { LogoutOptions, LogoutOutcome } from './logout.mjs';
export { keepSession } from './session.mjs';
export type { AccessToken, KeepSessionOptions, KeptSession } from './session.mjs';
