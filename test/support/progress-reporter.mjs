/**
 * Tells Jest's run in a form that a person can follow: one line of progress, rewritten on a
 * terminal, printed anew every 15 s elsewhere; failures in full as soon as their suite has ended.
 * `jest --reporters=default` lists every suite instead.
 */
const INTERVAL_MS = 15_000;
const REDRAW_MS = 200;
const CLEAR_LINE = '\r\x1b[2K';

export default class ProgressReporter {
  constructor(globalConfig, _context, { output = process.stderr, now = Date.now } = {}) {
    this.root = globalConfig.rootDir;
    this.output = output;
    this.now = now;
    this.passed = 0;
    this.failed = 0;
    this.running = new Set();
    this.finished = 0;
    this.suites = 0;
  }

  onRunStart({ numTotalTestSuites }) {
    this.suites = numTotalTestSuites;
    this.startedAt = this.now();
    const everyMs = this.output.isTTY ? REDRAW_MS : INTERVAL_MS;
    this.timer = setInterval(() => this.tell(), everyMs);
    this.timer.unref();
  }

  onTestFileStart({ path }) {
    this.running.add(path);
  }

  onTestCaseResult(_test, { status }) {
    if (status === 'passed') this.passed += 1;
    if (status === 'failed') this.failed += 1;
  }

  onTestFileResult({ path }, { failureMessage, console: said }) {
    this.running.delete(path);
    this.finished += 1;
    for (const { type, message, origin } of said ?? [])
      this.write(`console.${type} in ${this.short(path)}\n${message}\n${origin}`);
    if (failureMessage) this.write(`FAIL ${this.short(path)}\n${failureMessage}`);
  }

  onRunComplete() {
    clearInterval(this.timer);
    this.write(this.line());
  }

  /** How far the run is. */
  line() {
    const failed = this.failed === 0 ? '' : `, ${this.failed} FAILED`;
    return (
      `${this.finished} of ${this.suites} suites, ${this.passed} tests passed${failed}, ` +
      `${this.elapsed()}`
    );
  }

  elapsed() {
    const seconds = Math.floor((this.now() - this.startedAt) / 1000);
    return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  }

  tell() {
    const names = [...this.running].map((path) => this.short(path)).join(', ');
    const line = names === '' ? this.line() : `${this.line()}; running ${names}`;
    if (this.output.isTTY)
      this.output.write(CLEAR_LINE + line.slice(0, (this.output.columns ?? 80) - 1));
    else this.output.write(`${line}\n`);
  }

  /** A text that stays, above the line of progress. */
  write(text) {
    this.output.write(`${this.output.isTTY ? CLEAR_LINE : ''}${text}\n`);
  }

  short(path) {
    return path.startsWith(this.root) ? path.slice(this.root.length + 1) : path;
  }
}
