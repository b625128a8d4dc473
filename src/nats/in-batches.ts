const AT_A_TIME = 64;

/** The results of all calls, in their order; each call's time limit is for a few of them. */
export async function inBatches<In, Out>(
  items: readonly In[],
  call: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  for (let at = 0; at < items.length; at += AT_A_TIME)
    results.push(...(await Promise.all(items.slice(at, at + AT_A_TIME).map(call))));
  return results;
}
