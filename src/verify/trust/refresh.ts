import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { errorCode } from '../../domain/base/error-code.ts'
import type { RefreshAnswer, RefreshRequest } from './refresh-messages.ts'

const WORKER = new URL('./refresh-worker.ts', import.meta.url)
const SCRATCH = 'refresh-'
/** A whole refresh, some twenty documents at most in a bad year. */
const LONGEST_MS = 120_000

/**
 * One refresh on a thread of its own, in a scratch folder below `folder` that is gone afterwards. Always answers; a thread
 * that takes too long or dies is a failure like any other.
 */
export async function runRefresh(request: RefreshRequest, signal: AbortSignal): Promise<RefreshAnswer> {
  try {
    await mkdir(request.folder, { recursive: true, mode: 0o700 })
    await sweep(request.folder)
    const scratch = await mkdtemp(join(request.folder, SCRATCH))
    try {
      return await inWorker({ ...request, folder: scratch }, signal)
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    const reason = errorCode(error) ?? 'Error'
    return { kind: 'failed', reason, detail, metadata: request.metadata }
  }
}

async function inWorker(request: RefreshRequest, signal: AbortSignal): Promise<RefreshAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RefreshAnswer>()
  const worker = new Worker(WORKER, {
    workerData: request,
    execArgv: [],
    // the library's temporary files go to the scratch folder; nothing else of the environment concerns it
    env: { TMPDIR: request.folder },
  })
  const deadline = setTimeout(() => reject(new Error(`no end after ${LONGEST_MS / 1000} s`)), LONGEST_MS)
  const stop = (): void => reject(new Error('the gate is closing'))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  worker.once('message', resolve)
  worker.once('error', reject)
  worker.once('exit', () => reject(new Error('the refreshing thread ended without an answer')))
  try {
    return await promise
  } finally {
    clearTimeout(deadline)
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}

/** Folders that a killed process left behind. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    if (!name.startsWith(SCRATCH)) continue
    const { mtimeMs } = await stat(path)
    if (Date.now() - mtimeMs > 2 * LONGEST_MS) await rm(path, { recursive: true, force: true })
  }
}
