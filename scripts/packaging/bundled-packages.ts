import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package of which something is in a bundle. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** an SPDX expression */
  readonly licence: string
  /** where its package.json names one */
  readonly author: string | undefined
  /** its folder in node_modules */
  readonly folder: string
}

interface Chunk {
  readonly modules: Readonly<Record<string, unknown>>
}

/** Of every module that is in the chunks, by name and version. */
export function packagesOf(chunks: readonly Chunk[]): readonly BundledPackage[] {
  const folders = new Set(
    chunks.flatMap(({ modules }) => Object.keys(modules).flatMap(id => PACKAGE.exec(id)?.[1] ?? [])),
  )
  return [...folders].map(readPackage).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

/** The folder of the package that a module is of. */
const PACKAGE = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//

function readPackage(folder: string): BundledPackage {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { name, version, licence: license, author: author?.name ?? author, folder }
}

/** As a part of a larger SPDX expression. */
export function licenceOf({ licence }: BundledPackage): string {
  return licence.includes(' ') && !licence.startsWith('(') ? `(${licence})` : licence
}

function keyOf({ name, version }: BundledPackage): string {
  return `${name}@${version}`
}

const LICENCE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i

function withoutText({ author }: BundledPackage): string {
  return `Copyright of ${author ?? 'its authors'}. The package brings no text of its licence.`
}

/** What each of them demands to be told with it. */
export function licencesText(packages: readonly BundledPackage[]): string {
  const sections = packages.map(each => {
    const texts = readdirSync(each.folder)
      .filter(name => LICENCE_FILE.test(name))
      .sort()
      .map(name => readFileSync(join(each.folder, name), 'utf8').replaceAll('\r\n', '\n').trim())
    return [`${keyOf(each)} (${each.licence})`, ...(texts.length > 0 ? texts : [withoutText(each)])].join('\n\n')
  })
  return `${sections.join(`\n\n${'='.repeat(80)}\n\n`)}\n`
}
