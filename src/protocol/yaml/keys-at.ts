import { z } from 'zod'
import type { YamlPath } from './yaml-document.ts'

/** Keys that a mapping at this path may have by its schema; of every alternative, where there are several. */
export function keysAt(schema: unknown, path: YamlPath): readonly string[] {
  const [part, ...rest] = path
  const keys = alternatives(schema).flatMap(one => {
    if (part === undefined) return one instanceof z.ZodObject ? Object.keys(one.shape) : []
    return keysAt(memberOf(one, part), rest)
  })
  return [...new Set(keys)]
}

/** A schema as the text of a file meets it: without its default, and before it is made another value. */
export function writtenSchema(schema: unknown): unknown {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return writtenSchema(schema.unwrap())
  return schema instanceof z.ZodCodec ? writtenSchema(schema.def.in) : schema
}

function alternatives(schema: unknown): readonly unknown[] {
  const written = writtenSchema(schema)
  return written instanceof z.ZodUnion ? written.options.flatMap(alternatives) : [written]
}

function memberOf(schema: unknown, part: string | number): unknown {
  if (schema instanceof z.ZodObject) return schema.shape[part]
  if (schema instanceof z.ZodArray) return schema.element
  return schema instanceof z.ZodRecord ? schema.valueType : undefined
}
