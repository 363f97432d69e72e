import { parentPort } from 'node:worker_threads'

/** A worker that does what the document's text says instead of verifying it. */
parentPort?.on('message', ({ id, bytes }: { readonly id: number; readonly bytes: Uint8Array }) => {
  switch (Buffer.from(bytes).toString('utf8')) {
    case 'hang':
      for (;;);
    case 'exit':
      process.exit(1)
      break
    case 'throw':
      throw new Error('crash')
    case 'nonsense':
      parentPort?.postMessage({ id, kind: 'finding', finding: '{"kind":"attested"}' })
      break
    case 'unattested':
      parentPort?.postMessage({ id, kind: 'finding', finding: '{"format":3,"kind":"unattested","said":"index"}' })
      break
    case 'another':
      parentPort?.postMessage({ id: id + 1, kind: 'finding', finding: '' })
      break
    default:
      parentPort?.postMessage({
        id,
        kind: 'finding',
        finding: '{"format":3,"kind":"invalid","why":"signature-invalid","detail":"well behaved"}',
      })
  }
})
