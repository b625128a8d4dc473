/** Runs a proof; its failure quotes what the application wrote. */
export async function quoting(program, prove) {
  try {
    await prove();
  } catch (error) {
    throw Object.assign(error, { output: program.output });
  }
}
