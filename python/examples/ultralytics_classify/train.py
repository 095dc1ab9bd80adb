"""Trains a classifier from Tributary's batches: `PYTHONPATH=. python3 train.py`."""

from trainer import Trainer

if __name__ == "__main__":
    arguments = {"model": "yolov8n-cls.yaml", "data": "/data/imagenet", "imgsz": 224, "batch": 256, "epochs": 30}
    Trainer(overrides=arguments).train()
