/**
 * Goes on with a value: at once where it is there, later where it is promised. `await` would cost
 * a turn of the queue also where the answer lay in memory, which is nearly every request.
 */
export function mapMaybe<T, R>(
  value: T | PromiseLike<T>,
  next: (value: T) => R | Promise<R>,
): R | Promise<R> {
  return isPromised(value) ? Promise.resolve(value).then(next) : next(value);
}

/** What `run` returns or promises; where it throws or rejects, what `failed` returns. */
export function catchMaybe<T, R>(
  run: () => T | Promise<T>,
  failed: (error: unknown) => R,
): T | R | Promise<T | R> {
  try {
    const value = run();
    return isPromised(value) ? value.catch(failed) : value;
  } catch (error) {
    return failed(error);
  }
}

/** Not `instanceof`: a promise may be of another realm, or of another library. */
function isPromised<T, P extends PromiseLike<T>>(value: T | P): value is P {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}
