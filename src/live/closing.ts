import type { ConnectionEnd, OpenConnection } from './open-connection';

/** Closed in one turn: so it takes milliseconds at most, and requests are answered in between. */
const CLOSED_AT_ONCE = 256;

/** Closes connections, in the order in which they ended. */
export class Closing {
  private waiting: (readonly [OpenConnection, ConnectionEnd])[] = [];
  private closedInTurn = 0;

  constructor(private readonly onError: (error: unknown) => void) {}

  close(connection: OpenConnection, end: ConnectionEnd): void {
    if (this.closedInTurn === 0) setImmediate(this.nextTurn);
    this.closedInTurn += 1;
    if (this.closedInTurn <= CLOSED_AT_ONCE) this.closeNow(connection, end);
    else this.waiting.push([connection, end]);
  }

  private readonly nextTurn = (): void => {
    this.closedInTurn = 0;
    const { waiting } = this;
    this.waiting = [];
    for (const [connection, end] of waiting) this.close(connection, end);
  };

  private closeNow({ close }: OpenConnection, end: ConnectionEnd): void {
    try {
      close(end);
    } catch (error) {
      this.onError(error);
    }
  }
}
