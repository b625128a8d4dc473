/** `nestjs-logout/socket.io`: sockets that end at logout; needs @nestjs/platform-socket.io 11 or 12. */
import './required-packages'; // before all that loads them
export { LiveIoAdapter } from './live-io-adapter';
