/** `nestjs-logout/terminus`: health checks; needs @nestjs/terminus 11 or 12. */
import './required-packages'; // before all that loads them
export { LogoutHealthIndicator } from './logout-health.indicator';
