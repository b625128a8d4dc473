import { inspect } from 'node:util';

/** Prints one line for each proof, and counts. A proof is a promise: it holds when it resolves. */
export class Report {
  passed = 0;
  failed = 0;

  /** @returns whether the proof holds. */
  async proof(title, prove) {
    const startedAt = performance.now();
    try {
      await prove();
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED  ${title}\n${indented(reasonOf(error))}`);
      return false;
    }
    this.passed += 1;
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`ok      ${title} (${seconds} s)`);
    return true;
  }

  /** Counts proofs as failed that could not be tried. */
  notTried(titles, because) {
    this.failed += titles.length;
    for (const title of titles) console.log(`FAILED  ${title}\n${indented(because)}`);
  }

  summary() {
    return `${this.passed} passed, ${this.failed} failed`;
  }
}

function reasonOf(error) {
  // These two tell all in their message; of any other error the place matters too.
  const isPlain = ['AssertionError', 'ProgramError'].includes(error.name);
  const reason = isPlain ? error.message : inspect(error);
  return error.output ? `${reason}\n${error.output}` : reason;
}

const indented = (text) => text.replace(/^/gm, '        ');
