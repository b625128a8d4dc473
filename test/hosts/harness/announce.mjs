// Preloaded into an application that does not say where it listens.
import { Server } from 'node:net';

const { listen } = Server.prototype;
Server.prototype.listen = function (...parameters) {
  this.once('listening', () => {
    console.log(`listening on http://127.0.0.1:${this.address().port}`);
  });
  return listen.apply(this, parameters);
};
