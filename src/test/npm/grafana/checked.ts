// What a dashboard file may hold: Grafana's own types, and for each kind of panel in use its options and fields.
import type { AnnotationQuery, Dashboard, DataQuery, FieldConfig, FieldConfigSource, Panel, RowPanel } from '@grafana/schema';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { Options as TableOptions } from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type {
  FieldConfig as TimeSeriesField,
  Options as TimeSeriesOptions,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

/** As JSON has it: enumerations are their plain values. */
type Json<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends number | boolean | null | undefined
      ? T
      : T extends Array<infer Element>
        ? Json<Element>[]
        : { [Key in keyof T]: Json<T[Key]> };

/** Grafana adds its defaults to whatever is left out. */
type Parts<T> = T extends Array<infer Element> ? Parts<Element>[] : T extends object ? { [Key in keyof T]?: Parts<T[Key]> } : T;

/** A query for a data source of the kind Prometheus, whose types are not part of the schema. */
interface Query {
  refId: string;
  expr: string;
  legendFormat: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  range?: boolean;
}

interface Kind<Type extends string, Options, Field> extends Omit<Panel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Type;
  title: string;
  description: string;
  options: Parts<Options>;
  fieldConfig: {
    defaults: Omit<FieldConfig, 'custom'> & { custom?: Parts<Field> };
    overrides: FieldConfigSource['overrides'];
  };
  targets: Query[];
}

type Shown =
  | Kind<'stat', StatOptions, never>
  | Kind<'table', TableOptions, never>
  | Kind<'timeseries', TimeSeriesOptions, TimeSeriesField>
  | RowPanel;

interface Annotation extends AnnotationQuery<DataQuery & { expr: string; interval?: string }> {
  titleFormat: string;
}

export type Checked = Json<
  Omit<Dashboard, 'panels' | 'annotations'> & {
    uid: string;
    title: string;
    panels: Shown[];
    annotations: { list: Annotation[] };
  }
>;
