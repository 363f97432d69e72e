const unfinished = new Set<{ readonly what: string }>()

// a process whose last handle is gone ends in the middle of an await, and nobody would say of which
process.on('exit', () => {
  for (const { what } of unfinished) process.stderr.write(`the process ended while a test waited for ${what}\n`)
})

/** Names what a test waits for, for the case that the process ends before it does. */
export async function underWay<Result>(what: string, work: Promise<Result>): Promise<Result> {
  const entry = { what }
  unfinished.add(entry)
  try {
    return await work
  } finally {
    unfinished.delete(entry)
  }
}
