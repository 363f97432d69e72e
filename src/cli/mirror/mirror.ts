import type { Command } from 'commander'
import type { Conclude, Services } from '../command/services.ts'
import { addMirrorExport } from './export.ts'
import { addMirrorFetch } from './fetch.ts'
import { addMirrorImport } from './import.ts'
import { addMirrorKeygen } from './keygen.ts'
import { addMirrorPlan } from './plan.ts'
import { addMirrorRequest } from './request.ts'
import { addMirrorVerify } from './verify.ts'

export function addMirrorCommand(program: Command, services: Services, conclude: Conclude): void {
  const mirror = program
    .command('mirror')
    .summary('fill a mirror, carry it to a network without one, and prove there what was verified')
    .description(
      'Fill a mirror from lock files where there is a network, carry it across, and serve it where there is none: plan, fetch, keygen and export outside; import, verify and request inside, beside `serve --offline`.',
    )
  for (const add of [
    addMirrorPlan,
    addMirrorFetch,
    addMirrorKeygen,
    addMirrorExport,
    addMirrorImport,
    addMirrorVerify,
    addMirrorRequest,
  ])
    add(mirror, services, conclude)
}
