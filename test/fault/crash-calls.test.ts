import { execFileSync } from 'node:child_process'
import t from 'tap'
import { assertKept, nothing, promises } from './crash-promises.ts'

t.setTimeout(600_000)

const TRACER = ['strace', '-f', '-o', '/dev/null'] as const
const skip = canTrace() ? false : 'strace is not installed, or may not trace'

t.test('killed at the N-th system call of a kind, it loses nothing that it promised', { skip }, async t => {
  const calls = {
    'rename,renameat,renameat2': 4,
    'fsync,fdatasync': 12,
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
  // counted per thread: the database writes in one, files are written in four
  const faults: readonly (readonly [string, string, string])[] = [
    ['fsync,fdatasync', 'EIO', '1+2'],
    ['pwrite64', 'ENOSPC', '5+3'],
    ['pwritev,pwritev2,pwrite64', 'ENOSPC', '1+2'],
    ['rename,renameat,renameat2', 'EIO', '1+2'],
  ]
  for (const [call, error, when] of faults)
    t.test(`${call} with ${error}, ${when}`, async t => {
      const folder = t.testdir()
      const promised = nothing()
      const attach = traced(call, `error=${error}:when=${when}`, '-p')
      await promises({ folder, round: 'faulty', count: 6, attach }, () => {}, promised)
      await assertKept(t, folder, promised)
      t.not(promised.failed.length, 0, `${promised.failed.length} failures were told`)
    })
})

function traced(calls: string, fault: string, ...more: readonly string[]): readonly [string, ...string[]] {
  return [...TRACER, '-e', `trace=${calls}`, '-e', `inject=${calls}:${fault}`, ...more]
}

function canTrace(): boolean {
  try {
    execFileSync(TRACER[0], [...TRACER.slice(1), 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
