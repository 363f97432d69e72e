import { execFileSync } from 'node:child_process'
import t from 'tap'
import { assertKept, nothing, promises } from './crash-promises.ts'

t.setTimeout(120_000)

const TRACER = ['strace', '-f', '-qq', '-o', '/dev/null'] as const
const skip = canTrace() ? false : 'strace is not installed, or may not trace'

t.test('killed at the N-th system call of a kind, it loses nothing that it promised', { skip }, async t => {
  const calls = {
    'rename,renameat,renameat2': 4,
    fsync: 8,
    fdatasync: 8,
    'pwrite64,pwritev,pwritev2': 12,
    'unlink,unlinkat': 2,
    ftruncate: 2,
  }
  const folder = t.testdir()
  const promised = nothing()
  for (const [call, most] of Object.entries(calls))
    for (let when = 1; when <= most; when += 1 + Math.floor(when / 3))
      await t.test(`${call}, ${when}`, async t => {
        const under = traced(call, `signal=SIGKILL:when=${when}`)
        await promises({ folder, round: `${call}${when}`, count: 3, under }, () => {}, promised)
        await assertKept(t, folder, promised)
      })
})

t.test('a system call that fails is told, and leaves nothing wrong behind', { skip }, async t => {
  const faults: readonly (readonly [string, string, string])[] = [
    ['fsync', 'EIO', '1+2'],
    ['fdatasync', 'EIO', '20+1'],
    ['pwritev,pwritev2,pwrite64', 'ENOSPC', '30+3'],
    ['rename,renameat,renameat2', 'EIO', '1+2'],
  ]
  for (const [call, error, when] of faults)
    t.test(`${call} with ${error}`, async t => {
      const folder = t.testdir()
      const promised = nothing()
      // a store that was opened before: what is injected meets the work, not the start
      await promises({ folder, round: 'before', count: 1 }, () => {}, promised)
      const under = traced(call, `error=${error}:when=${when}`)
      await promises({ folder, round: 'faulty', count: 6, under }, () => {}, promised)
      await assertKept(t, folder, promised)
      t.not(promised.failed.length, 0, `${promised.failed.length} failures were told`)
    })
})

function traced(calls: string, fault: string): readonly string[] {
  return [...TRACER, '-e', `trace=${calls}`, '-e', `inject=${calls}:${fault}`]
}

function canTrace(): boolean {
  try {
    execFileSync(TRACER[0], [...TRACER.slice(1), 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
