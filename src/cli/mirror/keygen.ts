import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { GateError } from '../../domain/base/errors.ts'
import { generateCarrierKeys, readSignerKey } from '../../protocol/attest/dsse.ts'
import type { Services } from '../command/services.ts'
import { createScreen } from '../terminal/screen.ts'
import { writeWhole } from '../terminal/write-whole.ts'

export function addMirrorKeygen(mirror: Command, services: Services): void {
  mirror
    .command('keygen')
    .description(
      'Makes an ed25519 key pair: mirror.key signs exports and stays outside, where only its owner may read it; mirror.pub goes inside once, by a way that is trusted, and every import names it. One key belongs to one mirror: imports of one signer never go back.',
    )
    .requiredOption('--out <folder>', 'where the two files go; nothing is overwritten')
    .addHelpText(
      'after',
      `
Exit codes:
  0  both files are written
  2  usage: a file exists, or the folder cannot be written to

Examples:
  portcullis mirror keygen --out keys`,
    )
    .action((options: { readonly out: string }) => {
      const { privatePem, publicPem } = generateCarrierKeys()
      makeFolder(options.out)
      const [secret, open] = [join(options.out, 'mirror.key'), join(options.out, 'mirror.pub')]
      writeWhole(secret, privatePem, { over: false, mode: 0o600 })
      writeWhole(open, publicPem, { over: false })
      const screen = createScreen(services.output)
      screen.line(`${secret} signs: keep it outside, and secret`)
      screen.line(`${open} goes inside, by a way that is trusted: key ${readSignerKey(publicPem)?.id}`)
    })
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new GateError('usage', `${path} cannot be made`, { cause })
  }
}
