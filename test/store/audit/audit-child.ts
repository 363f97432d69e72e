import { instant } from '../../../src/domain/base/instant.ts'
import { withAuditLog } from '../../../src/store/audit-log.ts'

/** Adds so many rows to the log of a data folder, and says each that is on disk. */
const [, , folder = '', name = '', count = '0'] = process.argv
await withAuditLog(
  folder,
  () => instant(Date.now()),
  async log => {
    for (let number = 1; number <= Number(count); number += 1) {
      const { sequence } = await log.append({
        at: instant(Date.now()),
        action: 'signed-in',
        actor: `user:${name}`,
        from: '192.0.2.1',
        target: String(number),
        why: undefined,
        detail: {},
      })
      process.stdout.write(`${sequence}\n`)
    }
  },
)
