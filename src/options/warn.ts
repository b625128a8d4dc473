/** What is told of a failure where the host has set nothing. */
export function warn(error: Error): void {
  process.emitWarning(`nestjs-logout: ${messages(error).join(' ')}`);
}

/** What a wrapped error says of itself is seldom enough to act on. */
function messages({ message, cause }: Error): string[] {
  return cause instanceof Error ? [message, ...messages(cause)] : [message];
}
