export { logout, onLogout } from './logout.mjs';
export type { LogoutOptions, LogoutOutcome } from './logout.mjs';
