import type { Command } from 'commander'
import { addCommands, type CommandEntry, type IsMeant } from '../command/entries.ts'
import type { Conclude, Services } from '../command/services.ts'

const COMMANDS: readonly CommandEntry<Services>[] = [
  {
    name: 'plan',
    summary: 'write down which files lock files allow',
    load: async () => (await import('./plan.ts')).addMirrorPlan,
  },
  {
    name: 'fetch',
    summary: 'fetch what a plan names and hold what is admitted',
    load: async () => (await import('./fetch.ts')).addMirrorFetch,
  },
  {
    name: 'keygen',
    summary: 'make the key pair that vouches for exports',
    load: async () => (await import('./keygen.ts')).addMirrorKeygen,
  },
  {
    name: 'export',
    summary: 'write what is held into a folder to carry away',
    load: async () => (await import('./export.ts')).addMirrorExport,
  },
  {
    name: 'import',
    summary: 'verify what was carried here, and let it in',
    load: async () => (await import('./import.ts')).addMirrorImport,
  },
  {
    name: 'verify',
    summary: 'hash and verify everything that is held',
    load: async () => (await import('./verify.ts')).addMirrorVerify,
  },
  {
    name: 'request',
    summary: 'collect what was asked of the mirror in vain',
    load: async () => (await import('./request.ts')).addMirrorRequest,
  },
]

export async function addMirrorCommand(
  program: Command,
  services: Services,
  conclude: Conclude,
  isMeant: IsMeant,
): Promise<void> {
  const mirror = program
    .command('mirror')
    .description(
      'Fill a mirror from lock files where there is a network, carry it across, and serve it where there is none: plan, fetch, keygen and export outside; import, verify and request inside, beside `serve --offline`.',
    )
  await addCommands(mirror, COMMANDS, { services, conclude, isMeant })
}
