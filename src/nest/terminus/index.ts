/** `nestjs-logout/terminus`: health checks; needs @nestjs/terminus 11 or 12. */
export { LogoutHealthIndicator } from './logout-health.indicator';
