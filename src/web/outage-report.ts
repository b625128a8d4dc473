import { INSTANCE_TIME, rateLimited, type InstanceTime } from '../time/instance-time';

/**
 * Reports that enforcement cannot check tokens: the first refused request at once, then one error a
 * minute with the number of requests refused since the last one. The cause stands in it.
 * @returns what is told of each refused request.
 */
export function outageReport(
  report: (error: Error) => void,
  time: InstanceTime = INSTANCE_TIME,
): (cause: unknown) => void {
  let refused = 0;
  const say = rateLimited<unknown>((cause) => {
    const requests = refused === 1 ? '1 request' : `${refused} requests`;
    refused = 0;
    report(new Error(`Tokens could not be checked: ${requests} refused.`, { cause }));
  }, time);
  return (cause) => {
    refused += 1;
    say(cause);
  };
}
