import type { AddressInfo, Server } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { Transport } from '@nestjs/microservices';

/** Serves messages over TCP, beside HTTP, under the guards of the whole application. */
export async function serveMessages(app: INestApplication): Promise<void> {
  const options = { host: '127.0.0.1', port: 0 };
  const microservice = app.connectMicroservice(
    { transport: Transport.TCP, options },
    { inheritAppConfig: true },
  );
  await app.startAllMicroservices();
  const { port } = microservice.unwrap<Server>().address() as AddressInfo;
  console.log(`messages on ${port}`);
}
