import type { Bench } from './bench';

/** An app that takes its turn in each round. */
export interface Contender {
  readonly name: string;
  /** @returns the figure of this round, from 0. */
  readonly turn: (round: number) => Promise<number>;
}

/** The figures of each app, round by round. */
export type Scores = (name: string) => readonly number[];

/**
 * Lets all apps take turns, so that what slows the machine for a while slows them all. Each round
 * begins with another one, and every other round goes backwards: no app always follows the same.
 */
export async function takeTurns(
  { rounds, progress }: Bench,
  contenders: readonly Contender[],
): Promise<Scores> {
  const scores = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, turn } of inOrder(contenders, round)) {
      const figure = await turn(round);
      scores.get(name)?.push(figure);
      progress(`  round ${round + 1} of ${rounds}: ${name}: ${Math.round(figure)}`);
    }
  }
  return (name) => scores.get(name) ?? [];
}

function inOrder<T>(all: readonly T[], round: number): T[] {
  const first = Math.floor((round * all.length) / 5) % all.length;
  const rotated = [...all.slice(first), ...all.slice(0, first)];
  return round % 2 === 0 ? rotated : rotated.reverse();
}
