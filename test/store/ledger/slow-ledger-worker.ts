import { setTimeout as delay } from 'node:timers/promises'
import { parentPort } from 'node:worker_threads'
import type { LedgerOrder } from '../../../src/store/ledger/messages.ts'

parentPort?.on('message', ({ id, words: [filter] }: LedgerOrder) => {
  const { project } = (filter ?? {}) as { readonly project?: string }
  if (project === 'hang') return
  if (project === 'die') throw new Error('it dies')
  void delay(50).then(() => parentPort?.postMessage({ id, answer: { rows: [], next: undefined } }))
})
