import { INSTANCE_TIME, rateLimited, type InstanceTime } from '../time/instance-time';
import { IssuerUnavailableError, StoreUnavailableError } from './errors';
import { explainUnknownKeys } from './reason-explanations';

type Outage = IssuerUnavailableError | StoreUnavailableError;

/**
 * Reports why requests could not be answered. An outage of the store, or of the keys of an issuer: the
 * first request at once, then once a minute with the number of requests refused since the last report.
 * Any other error: each time, as it is.
 * @param report what it throws is dropped.
 * @returns what is told of each such request.
 */
export function failureReport(
  report: (error: unknown) => void,
  time: InstanceTime = INSTANCE_TIME,
): (error: unknown) => void {
  // By the name of the issuer in the options; `null`: the store.
  const outages = new Map<string | null, (outage: Outage) => void>();
  return (error) => {
    if (!isOutage(error)) {
      tell(report, error);
      return;
    }
    const source = error instanceof IssuerUnavailableError ? error.issuer : null;
    const known = outages.get(source) ?? outageReport(report, time);
    outages.set(source, known);
    known(error);
  };
}

function isOutage(error: unknown): error is Outage {
  return error instanceof IssuerUnavailableError || error instanceof StoreUnavailableError;
}

function tell(report: (error: unknown) => void, error: unknown): void {
  try {
    report(error);
  } catch {
    // A log that fails must not change the answer.
  }
}

function outageReport(
  report: (error: unknown) => void,
  time: InstanceTime,
): (outage: Outage) => void {
  let refused = 0;
  const say = rateLimited<Outage>((outage) => {
    const requests = refused === 1 ? '1 request' : `${refused} requests`;
    refused = 0;
    report(reported(outage, requests));
  }, time);
  return (outage) => {
    refused += 1;
    say(outage);
  };
}

function reported(outage: Outage, requests: string): Error {
  if (outage instanceof IssuerUnavailableError)
    return new Error(
      `Tokens could not be checked: ${requests} refused. ${explainUnknownKeys(outage).remedy}`,
    );
  return new Error(
    `The revocation store gave no answer: ${requests} refused. Let this host reach its server; logouts ` +
      'among them are in doubt, and may be repeated.',
    { cause: outage },
  );
}
