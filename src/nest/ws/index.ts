/** `nestjs-logout/ws`: WebSockets that end at logout; needs @nestjs/platform-ws 11 or 12. */
import './required-packages'; // before all that loads them
export { LiveWsAdapter } from './live-ws-adapter';
