/** A node of `EXPLAIN (FORMAT JSON)`, as far as it is looked at. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** How a plan reads one table or partition. */
export interface Scan {
  readonly table: string;
  /** Whether it reads the table from one end to the other. */
  readonly isSequential: boolean;
  /** How many rows it had in its hands, those that it threw away included. */
  readonly rows: number;
}

/** @param rows what `EXPLAIN (ANALYZE, FORMAT JSON)` returned. */
export function scansOf(rows: readonly Record<string, unknown>[]): Scan[] {
  const [{ Plan: plan }] = rows[0]!['QUERY PLAN'] as [{ Plan: PlanNode }];
  return nodesOf(plan).flatMap((node) => {
    const table = node['Relation Name'];
    if (table === undefined) return [];
    const perLoop = (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0);
    const isSequential = node['Node Type'] === 'Seq Scan';
    return [{ table, isSequential, rows: perLoop * (node['Actual Loops'] ?? 0) }];
  });
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];
