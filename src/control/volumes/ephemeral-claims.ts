import { ephemeralClaimName, type PersistentVolumeClaim, type PodSpec, withDefaults } from "../../kube/index.ts";
import { controllerReference, type Store } from "../../store/index.ts";

const SOURCE = "ephemeral_volume";

interface EphemeralSource {
  readonly volumeClaimTemplate?: Partial<Pick<PersistentVolumeClaim, "metadata" | "spec">>;
}

/**
 * Makes the claims of a new pod's generic ephemeral volumes. The pod owns them: the garbage collector takes them with it.
 *
 * @source kubernetes 1.37 pkg/controller/volume/ephemeral
 */
export function createEphemeralClaims(store: Store, row: number): void {
  const { pods } = store;
  const volumes: PodSpec["volumes"] = pods.templateOf(row).spec.volumes;
  if (volumes?.some(({ ephemeral }) => ephemeral !== undefined) !== true || pods.isDeleting(row)) return;
  const [pod, namespace] = [pods.name.get(row), pods.namespaceOf(row)];
  const uid = store.rendering.uid(pods.serial.get(row));
  const owner = controllerReference({ apiVersion: "v1", kind: "Pod", metadata: { name: pod, namespace, uid } });
  const claims = store.documents<PersistentVolumeClaim>("PersistentVolumeClaim");
  for (const { name, ephemeral } of volumes) {
    if (ephemeral === undefined) continue;
    const claimName = ephemeralClaimName(pod, name);
    const known = claims.find(namespace, claimName);
    if (known === undefined) store.writer.create(claimOf(ephemeral as EphemeralSource, claimName, namespace, owner));
    else if (known.metadata.ownerReferences?.some((reference) => reference.uid === uid) !== true) {
      const why = `PVC ${namespace}/${claimName} was not created for pod ${namespace}/${pod} (pod is not owner)`;
      store.podEvent(row, SOURCE, "Warning", "FailedBinding", `ephemeral volume ${name}: ${why}`);
    }
  }
}

function claimOf(
  { volumeClaimTemplate = {} }: EphemeralSource,
  name: string,
  namespace: string,
  owner: ReturnType<typeof controllerReference>,
): PersistentVolumeClaim {
  const { labels, annotations } = volumeClaimTemplate.metadata ?? {};
  return withDefaults<PersistentVolumeClaim>({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name,
      namespace,
      ownerReferences: [owner],
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    ...(volumeClaimTemplate.spec === undefined ? {} : { spec: volumeClaimTemplate.spec }),
  });
}
