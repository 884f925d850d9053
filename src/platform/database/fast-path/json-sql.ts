/**
 * Stands in JSON text for a value that is the same in every object, so that it is not sent by the database for each. JSON
 * escapes control characters in strings, so that no other text has this one.
 */
const HOLE = '\u0001'

/** Members of an object that are written by one call. */
const MEMBERS = 40

/** JSON text from SQL with a {@link jsonSql.hole}, with `value` in it. In pieces. */
export function fillHole(text: string, value: string): [string, string, string] {
  const hole = text.indexOf(HOLE)
  return [text.slice(0, hole), value, text.slice(hole + 1)]
}

/**
 * SQL that writes JSON text piece by piece. For a wide object that takes PostgreSQL half as long as `json_build_object`,
 * which finds out the type of each value and escapes each name anew for every row; and the names are checked here.
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

  /** All rows of a group, as an array, in the order in which they come. `[]` of none. */
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
