import { parentPort } from 'node:worker_threads'
import type { ParseRequest } from '../../src/parse/parser-messages.ts'

/** Does with a document, which says what, that which no parser should. */
parentPort?.on('message', ({ document }: ParseRequest) => {
  const text = Buffer.from(document.bytes)
  if (text.includes('"how":"dies"')) throw new RangeError('a parser that dies')
  const held: unknown[] = []
  for (;;) if (text.includes('"how":"outgrows"')) held.push(Array.from({ length: 1_000 }, () => ({})))
})
