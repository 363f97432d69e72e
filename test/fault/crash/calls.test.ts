import t from 'tap'
import { withoutTracer } from '../calls/tracer.ts'
import { assertKept, nothing, promises } from './promises.ts'

t.setTimeout(900_000)

// samples with a real death; calls/every-call.test.ts looks at every state that a death can leave
t.test(
  'killed at the N-th system call of a kind, it loses nothing that it promised',
  { skip: withoutTracer() },
  async t => {
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
  },
)

function traced(calls: string, fault: string): readonly string[] {
  return ['strace', '-f', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:${fault}`]
}
