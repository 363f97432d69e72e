import { z } from 'zod'
import { pathBelow } from '../parts.ts'

/** A certificate and its key, of whatever speaks HTTPS by it. `key` is what the section is called, `speaker` who speaks. Paths resolve against `folder`. */
export function tlsSection(folder: string, { key, speaker }: { readonly key: string; readonly speaker: string }) {
  return z
    .strictObject({
      cert: pathBelow(folder)
        .optional()
        .describe(
          `PEM of the certificate and what leads to its root: ${speaker} speaks HTTPS. Read again when it changes`,
        ),
      key: pathBelow(folder).optional().describe(`PEM of its private key; with \`${key}.cert\``),
    })
    .prefault({})
}

export interface TlsFiles {
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

type Given = ReadonlyMap<string, { readonly value: unknown; readonly origin: string }>

/** One of the two without the other, in the section of this name. */
export function halfPair(settings: Given, section: string): readonly string[] {
  const [cert, key] = [settings.get(`${section}.cert`), settings.get(`${section}.key`)]
  if ((cert?.value === undefined) === (key?.value === undefined)) return []
  return cert?.value === undefined
    ? [`${key?.origin} ${section}.key: needs ${section}.cert, the certificate that it is of`]
    : [`${cert.origin} ${section}.cert: needs ${section}.key, its private key`]
}
