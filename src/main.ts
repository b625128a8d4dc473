import 'reflect-metadata';
import { readEnvironment } from './service/environment';
import { startService } from './service/service';
import { answerTo } from './service/usage';

async function main(): Promise<void> {
  const answer = answerTo(process.argv.slice(2));
  if (answer === undefined) await run();
  else console.log(answer);
}

async function run(): Promise<void> {
  const service = await startService(readEnvironment(process.env));
  let isStopping = false;
  const stop = (): void => {
    if (isStopping) return;
    isStopping = true;
    void service.stop().catch(fail);
  };
  // Ctrl-C reaches us from the terminal and again from npm: `on`, so that the second is ours too.
  process.on('SIGINT', stop).on('SIGTERM', stop);
  void service.broken.then(() => {
    if (isStopping) return;
    fail(new Error('The embedded PostgreSQL has ended. Start again: no logout is lost.'));
    stop();
  });
  console.log(service.quickStart ?? `The service listens on ${service.url}.`);
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

main().catch(fail);
