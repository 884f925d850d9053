/**
 * Stands in JSON text for a value that is the same in every object, so that the database need not send it each time. JSON
 * escapes control characters in strings, so this one occurs nowhere else.
 */
const HOLE = '\u0001'

/** How many members of an object one call writes. */
const MEMBERS = 40

/** Fills the {@link jsonSql.hole} in JSON text with `value`. Returns the pieces. */
export function fillHole(text: string, value: string): [string, string, string] {
  const hole = text.indexOf(HOLE)
  return [text.slice(0, hole), value, text.slice(hole + 1)]
}

/**
 * SQL that writes JSON text piece by piece. For a wide object this takes PostgreSQL half as long as `json_build_object`,
 * which looks up the type of each value and escapes each name again for every row. The compiler checks the names.
 */
export const jsonSql = {
  /** An object. `fields` are names, in wire order, with SQL for their values as JSON text. */
  object: <Shape>(fields: Record<keyof Shape & string, string>): string => {
    const members = Object.entries<string>(fields).map(
      ([name, value], index) => `'${index === 0 ? '{' : ','}${JSON.stringify(name)}:', ${value}`,
    )
    const inOneCall = members.slice(0, MEMBERS).join(', ')
    // PostgreSQL's functions take a hundred arguments.
    const rest = members.slice(MEMBERS).map((member) => `, concat(${member})`)
    return `concat(${inOneCall}${rest.join('')}, '}')`
  },

  /** All rows of a group as an array, in their order; `[]` if there is none. */
  array: (element: string): string => `concat('[', string_agg(${element}, ','), ']')`,

  /** A string that may hold anything. */
  text: (expression: string): string => `coalesce(to_json(${expression})::text, 'null')`,

  /** A string that by its type needs no escaping: a UUID, or a time as `wireTime` writes it. */
  plain: (expression: string): string => `coalesce('"' || ${expression} || '"', 'null')`,

  /** Where {@link fillHole} puts a value. */
  hole: `'${HOLE}'`,

  /** A number, a boolean, or JSON. */
  literal: (expression: string): string => `coalesce((${expression})::text, 'null')`,
}
