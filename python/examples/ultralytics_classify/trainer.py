"""The trainer of train.py, in a module that the processes of several devices can import."""

from ultralytics.models.yolo.classify import ClassificationTrainer

from tributary.ultralytics import Settings, TributaryTrainer


class Trainer(TributaryTrainer, ClassificationTrainer):
    """Ultralytics' classification trainer, with Tributary's batches and weight decay."""

    tributary = Settings("dns:///loader:50051", run="classify", schedule="dns:///schedule:50052")
